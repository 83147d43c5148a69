export default { output: 'standalone', serverExternalPackages: ['skyanchor'] };

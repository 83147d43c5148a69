export default { serverExternalPackages: process.env.EXTERNAL ? ['skyanchor'] : [] };

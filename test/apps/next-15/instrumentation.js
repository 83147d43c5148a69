export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs' || process.env.WITH_AGENT !== 'yes') return;
  const { start } = await import('skyanchor');
  start({ serviceName: process.env.SW_AGENT_NAME });
}

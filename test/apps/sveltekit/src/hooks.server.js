export async function handle({ event, resolve }) {
  if (event.url.pathname.startsWith('/guarded/')) return new Response('who?', { status: 401 });
  return resolve(event);
}

export function handleError() {
  return { message: 'broken' };
}

/** Asks the application itself, so that there is a caller. */
export async function GET() {
  const answer = await fetch(`http://127.0.0.1:${process.env.PORT}/orders/1003`);
  return new Response(String(answer.status));
}

export function GET() {
  return new Response('you');
}

export async function GET(request, { params }) {
  const { order } = await params;
  return Response.json({ order });
}

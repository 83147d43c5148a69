export default async function Page({ params }) {
  const { order } = await params;
  return <h1>order {order}</h1>;
}

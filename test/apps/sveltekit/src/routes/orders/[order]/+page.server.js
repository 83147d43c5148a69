export function load({ params }) {
  return { order: params.order };
}

/** The components of a Node.js agent, as OAP's `component-libraries.yml` names them. */
const COMPONENTS: Readonly<Record<string, number>> = {
  HttpClient: 2,
  Mysql: 5,
  Redis: 7,
  MongoDB: 9,
  Memcached: 20,
  PostgreSQL: 22,
  GRPC: 23,
  Kafka: 27,
  Elasticsearch: 47,
  http: 49,
  RabbitMQ: 51,
  HttpServer: 4001,
  express: 4002,
  Egg: 4003,
  Koa: 4004,
  Axios: 4005,
  Mongoose: 4006,
};

const NAMES = new Map(Object.entries(COMPONENTS).map(([name, id]) => [id, name]));

/** 0: the table lacks the name. */
export function componentId(name: string): number {
  return Object.hasOwn(COMPONENTS, name) ? (COMPONENTS[name] ?? 0) : 0;
}

export function componentName(id: number): string {
  return id === 0 ? '' : (NAMES.get(id) ?? 'N/A');
}

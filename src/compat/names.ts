import { truncate } from '../base/text';
import { LIMITS } from '../model/limits';

/** The libraries that spans are shown with, by the numbers of SkyWalking's `component-libraries.yml`. */
export class Component {
  static readonly UNKNOWN = new Component(0);
  static readonly HTTP = new Component(2);
  static readonly MYSQL = new Component(5);
  static readonly REDIS = new Component(7);
  static readonly MONGODB = new Component(9);
  static readonly POSTGRESQL = new Component(22);
  static readonly HTTP_SERVER = new Component(49);
  static readonly RABBITMQ_PRODUCER = new Component(52);
  static readonly RABBITMQ_CONSUMER = new Component(53);
  static readonly AZURE_HTTPTRIGGER = new Component(111);
  static readonly AWSLAMBDA_FUNCTION = new Component(124);
  static readonly AWSLAMBDA_GATEWAYAPIHTTP = new Component(125);
  static readonly AWSLAMBDA_GATEWAYAPIREST = new Component(126);
  static readonly AWS_DYNAMODB = new Component(138);
  static readonly AWS_SNS = new Component(139);
  static readonly AWS_SQS = new Component(140);
  static readonly EXPRESS = new Component(4002);
  static readonly AXIOS = new Component(4005);
  static readonly MONGOOSE = new Component(4006);

  constructor(readonly id: number) {}

  /** The one above that has the number, or another. */
  static of(id: number): Component {
    for (const one of Object.values(Component)) if (one instanceof Component && one.id === id) return one;
    return new Component(id);
  }
}

/** What kind of thing a span is work of. */
export const SpanLayer = { UNKNOWN: 0, DATABASE: 1, RPCFRAMEWORK: 2, HTTP: 3, MQ: 4, CACHE: 5, FAAS: 6 } as const;
export type SpanLayer = (typeof SpanLayer)[keyof typeof SpanLayer];

/** A tag of a span. One that is `overridable` replaces an earlier one of its key; the last one is shown in any case. */
export interface Tag {
  readonly key: string;
  readonly overridable: boolean;
  val: string;
}

const KEYS = {
  coldStart: 'coldStart',
  httpStatusCode: 'http.status_code',
  httpStatusMsg: 'http.status.msg',
  httpURL: 'http.url',
  httpMethod: 'http.method',
  dbType: 'db.type',
  dbInstance: 'db.instance',
  dbStatement: 'db.statement',
  dbSqlParameters: 'db.sql.parameters',
  dbMongoParameters: 'db.mongo.parameters',
  mqBroker: 'mq.broker',
  mqTopic: 'mq.topic',
  mqQueue: 'mq.queue',
  arn: 'arn',
} as const;

type TagName = keyof typeof KEYS;

const isParameters = (name: string): boolean => name === 'dbSqlParameters' || name === 'dbMongoParameters';

/** Makes tags by their usual keys: `span.tag(Tag.dbType('Mysql'))`. */
export const Tag = Object.fromEntries(
  Object.entries(KEYS).flatMap(([name, key]): [string, unknown][] => [
    [`${name}Key`, key],
    [name, (val: unknown = true): Tag => ({ key, overridable: !isParameters(name), val: truncate(val, LIMITS.value) })],
  ]),
) as { readonly [N in TagName as `${N}Key`]: (typeof KEYS)[N] } & {
  readonly [N in TagName]: (val?: string | number | boolean) => Tag;
};

import {
  isPlace,
  names,
  peerIn,
  valueOf,
  type Description,
  type DescriptionOptions,
  type KnownAttributes,
} from './attributes';
import { memoized } from '../../base/memoized';
import { Layer } from '../../model/components';

/** A system of messages: what its operation names begin with, and its components. */
interface MessagingSystem {
  readonly name: string;
  readonly producer: number;
  readonly consumer: number;
  readonly port?: number;
}

const SYSTEMS: Readonly<Record<string, MessagingSystem>> = {
  kafka: { name: 'Kafka', producer: 40, consumer: 41, port: 9092 },
  rabbitmq: { name: 'RabbitMQ', producer: 52, consumer: 53, port: 5672 },
  aws_sqs: { name: 'SQS', producer: 140, consumer: 140 },
  aws_sns: { name: 'SNS', producer: 139, consumer: 139 },
  'aws.sns': { name: 'SNS', producer: 139, consumer: 139 },
  pulsar: { name: 'Pulsar', producer: 73, consumer: 74, port: 6650 },
  nats: { name: 'Nats', producer: 132, consumer: 132, port: 4222 },
  activemq: { name: 'ActiveMQ', producer: 45, consumer: 46, port: 61_616 },
};

const SYSTEM = names('messaging.system');
const DESTINATION = names('messaging.destination.name', 'messaging.destination');
const ROUTING_KEY = names(
  'messaging.rabbitmq.destination.routing_key',
  'messaging.rabbitmq.routing_key',
  'messaging.kafka.destination.partition',
);
const GROUP = names(
  'messaging.consumer.group.name',
  'messaging.kafka.consumer.group',
  'messaging.kafka.consumer_group',
);
const SOCKET_EVENT = names('messaging.socket.io.event_name');

/** @param isConsumer what works on a message, not what sends one */
export function describeMessaging(
  attributes: KnownAttributes,
  isConsumer: boolean,
  { peers = {} }: DescriptionOptions,
): Description | undefined {
  const key = attributes.text(SYSTEM);
  if (key === '') return undefined;
  if (key === SOCKET_IO) return describeSocketEvent(attributes);
  const system = valueOf(SYSTEMS, key) ?? { name: key, producer: 0, consumer: 0 };
  const topic = attributes.text(DESTINATION);
  const routingKey = key === 'rabbitmq' ? attributes.text(ROUTING_KEY) : '';
  const group = isConsumer ? attributes.text(GROUP) : '';
  const place = peerIn(attributes, system.port);
  const peer = place === '' ? (valueOf(peers, key) ?? key) : place;
  let name = system.name;
  for (const part of [topic, routingKey, isConsumer ? 'Consumer' : 'Producer', group])
    if (part !== '') name += `/${part}`;
  const tags = ['mq.broker', peer];
  if (topic !== '') tags.push('mq.topic', topic);
  if (routingKey !== '') tags.push('mq.queue', routingKey);
  return {
    component: isConsumer ? system.consumer : system.producer,
    layer: Layer.mq,
    peer,
    name,
    tags,
    isSaid,
  };
}

const SOCKET_IO = 'socket.io';

/** It is between the two ends of one connection: there is no broker, and an event is what a route is elsewhere. */
function describeSocketEvent(attributes: KnownAttributes): Description {
  const namespace = attributes.text(DESTINATION).replace(/^\//, '');
  const event = attributes.text(SOCKET_EVENT);
  return {
    component: 0,
    layer: Layer.unknown,
    peer: '',
    name: [SOCKET_IO, namespace, event].filter((part) => part !== '').join('/'),
    isNameOfLocal: true,
    tags: [],
    isSaid: (name) => SAID.has(name) || name === 'messaging.socket.io.event_name',
  };
}

const SAID: ReadonlySet<string> = new Set([
  'messaging.system',
  'messaging.destination.name',
  'messaging.destination',
  'messaging.destination_kind',
  'messaging.rabbitmq.destination.routing_key',
  'messaging.rabbitmq.routing_key',
  'messaging.operation',
  'messaging.operation.name',
  'messaging.operation.type',
  'messaging.protocol',
  'messaging.protocol_version',
]);

const isSaid = memoized((key) => isPlace(key) || SAID.has(key));

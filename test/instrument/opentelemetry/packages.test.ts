import { tracedByUs } from '../../../src/instrument/opentelemetry/bridge';
import { choosePackages as choose, librariesOf } from '../../../src/instrument/opentelemetry/packages';

type Choose = typeof choose;

const choosePackages = (
  setting: Parameters<Choose>[0],
  dependencies: readonly string[],
  disable: Parameters<typeof tracedByUs>[0]['disable'] = [],
) => choose(setting, dependencies, tracedByUs({ disable }));
const of = (name: string) => `@opentelemetry/instrumentation-${name}`;

describe('the instrumentations of OpenTelemetry that are loaded', () => {
  it('are those that the application names, without HTTP, files, sockets and frameworks', () => {
    const dependencies = ['express', of('mongodb'), of('http'), of('fs'), of('express'), '@opentelemetry/api'];
    expect(choosePackages('auto', dependencies)).toEqual({ type: 'skyanchor', packages: [of('mongodb')] });
  });

  it('have pg among them only where our own instrumentation of it is off', () => {
    expect(choosePackages('auto', [of('pg')])).toEqual({ type: 'skyanchor', packages: [] });
    expect(choosePackages('auto', [of('pg')], ['pg'])).toEqual({ type: 'skyanchor', packages: [of('pg')] });
    expect(choosePackages(['pg'], [])).toEqual({ type: 'skyanchor', packages: [of('pg')] });
  });

  it.each([
    '@opentelemetry/sdk-node',
    '@opentelemetry/sdk-trace-node',
    '@opentelemetry/sdk-trace-base',
    '@sentry/nextjs',
    'dd-trace',
    '@vercel/otel',
    '@google-cloud/opentelemetry-cloud-trace-exporter',
    '@splunk/otel',
  ])('are none where the application has %s, unless it asks for them', (sdk) => {
    const dependencies = [of('mongodb'), sdk];
    expect(choosePackages('auto', dependencies)).toEqual({ type: 'application', sdk });
    expect(choosePackages(true, dependencies)).toEqual({ type: 'skyanchor', packages: [of('mongodb')] });
  });

  it.each(['@opentelemetry/sdk-metrics', '@opentelemetry/sdk-logs', '@sentry/types'])(
    'do not depend on %s, which has no spans',
    (name) => {
      expect(choosePackages('auto', [name]).type).toBe('skyanchor');
    },
  );

  it('are just those that are asked for by name', () => {
    expect(choosePackages(['mongodb', '@prisma/instrumentation'], [of('pg'), '@opentelemetry/sdk-node'])).toEqual({
      type: 'skyanchor',
      packages: [of('mongodb'), '@prisma/instrumentation'],
    });
  });

  it('wait for the library that they are named after, or for the one that they patch', () => {
    expect([of('kafkajs'), of('grpc'), '@prisma/instrumentation', of('aws-sdk')].map(librariesOf)).toEqual([
      ['kafkajs'],
      ['@grpc/grpc-js'],
      ['@prisma/client'],
      ['aws-sdk', '@aws-sdk/', '@smithy/'],
    ]);
  });
});

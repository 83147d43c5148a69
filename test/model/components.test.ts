import { componentOnV2, DATA_SYSTEMS } from '../../src/model/components';

describe('the component of a span', () => {
  it.each([
    ['MariaDB', 86, 'MySQL', 5],
    ['mongoose', 4006, 'MongoDB', 9],
    ['PostgreSQL', 22, 'PostgreSQL', 22],
  ])('of %s (%i) is %s (%i) on v2', (_of, id, _on, onV2) => {
    expect(componentOnV2(id)).toBe(onV2);
  });
});

it.each([
  ['mssql', 'microsoft.sql_server'],
  ['oracle', 'oracle.db'],
  ['dynamodb', 'aws.dynamodb'],
  ['redis', 'valkey'],
] as const)('%s is the same system by its newer name %s', (name, newer) => {
  expect(DATA_SYSTEMS[newer]).toEqual(DATA_SYSTEMS[name]);
});

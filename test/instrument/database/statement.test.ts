import fc from 'fast-check';
import { maskedStatement, operationOf, parametersText } from '../../../src/instrument/database/statement';
import { costsOf } from '../../support/cost';

describe('the operation of a statement', () => {
  it.each([
    ['select 1', 'SELECT'],
    ['  \n\tInsert into orders values (1)', 'INSERT'],
    ['-- first\nUPDATE orders SET a = 1', 'UPDATE'],
    ['/* route: /orders */ /* select */ delete from orders', 'DELETE'],
    ['((select 1) union (select 2))', 'SELECT'],
    [';;select 1', 'SELECT'],
    ["WITH a AS (SELECT ')' FROM b) UPDATE c SET d = 1", 'UPDATE'],
    ['with recursive "update" as (select 1), t(n) as (values (1)) select * from t', 'SELECT'],
    ['BEGIN', 'BEGIN'],
    ['begin;', 'BEGIN'],
    ['CREATE TABLE orders (id int)', 'CREATE'],
    ['LISTEN orders', 'LISTEN'],
    ['', 'OTHER'],
    ['   ', 'OTHER'],
    ['42', 'OTHER'],
    ['orders', 'OTHER'],
    ['selected', 'OTHER'],
    ['-- only a comment', 'OTHER'],
    ['/* not closed select 1', 'OTHER'],
    ["'not closed select 1", 'OTHER'],
    ['with a as (select 1', 'OTHER'],
  ])('%j is %s', (statement, operation) => {
    expect(operationOf(statement)).toBe(operation);
  });
});

it('gives a statement that begins after many blanks no operation', () => {
  expect(operationOf(`${' '.repeat(1e6)}select 1`)).toBe('OTHER');
});

describe('a masked statement', () => {
  it.each([
    ["SELECT * FROM t1 WHERE a = 'secret' AND b = 42", 'SELECT * FROM t1 WHERE a = ? AND b = ?'],
    [String.raw`SELECT 'it''s', "say \"hi\"", 'a\\' FROM t`, 'SELECT ?, ?, ? FROM t'],
    [
      "INSERT INTO `my 1 ''table` VALUES (1, -2.5, 0x1F, 1e10, NULL)",
      "INSERT INTO `my 1 ''table` VALUES (?, -?, ?, ?, NULL)",
    ],
    [
      "SELECT x'1F', N'a', @v1, $2, utf8_1 /* 'kept' 1 */ -- it's\n, 'b'",
      "SELECT x?, N?, @v1, $2, utf8_1 /* 'kept' 1 */ -- it's\n, ?",
    ],
    ["SELECT 1 # it's\n, 'b'", "SELECT ? # it's\n, ?"],
    ['SELECT 5-- 1', 'SELECT ?-- 1'],
    ['SELECT 5--1', 'SELECT ?--?'],
    ["SELECT 'not closed, 1", 'SELECT ?'],
    ["SELECT 'ends in a backslash\\", 'SELECT ?'],
    ["SELECT a /*!50000 , 'secret' */ /*M! , 'secret' */ FROM t", 'SELECT a /*!? , ? */ /*M! , ? */ FROM t'],
    ['SELECT 1 /* not closed', 'SELECT ? /* not closed'],
    ["SELECT 'größe', größe2 FROM t", 'SELECT ?, größe2 FROM t'],
    ['', ''],
  ])('of %j is %j', (statement, masked) => {
    expect(maskedStatement(statement, 2048)).toBe(masked);
  });

  it('has no character of a string or number, whatever these are and stand between', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '"', '\\', '`', 'Z', '9', ' ', '-', '#', '/', '*', '\n', 'é'),
    });
    // As mysql2 writes a value into a statement.
    const escaped = (value: string) => `'${value.replace(/['"\\]/g, (quote) => `\\${quote}`).replace(/\n/g, '\\n')}'`;
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), (values) => {
        const statement = `INSERT INTO t (a) VALUES (${values.map(escaped).join(', ')}) LIMIT 7`;
        const expected = `INSERT INTO t (a) VALUES (${values.map(() => '?').join(', ')}) LIMIT ?`;
        expect(maskedStatement(statement, 2048)).toBe(expected);
      }),
    );
  });

  it('is as long as the limit at most, whatever the statement', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (statement, limit) => {
        expect(maskedStatement(statement, limit).length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it.each([
    ['a string', `SELECT '${'x'.repeat(2e7)}'`],
    ['quotes', "'".repeat(2e7)],
    ['quotes and backslashes', "'\\".repeat(1e7)],
    ['names', 'a'.repeat(2e7)],
    ['comments that are not closed', '/*'.repeat(1e7)],
    ['values', `VALUES ${"(1,'a'),".repeat(2e6)}`],
  ])('of megabytes of %s takes no longer than one of kilobytes', (_of, statement) => {
    const [long, short] = costsOf(
      [statement, statement.slice(0, 40_000)].map((text) => () => {
        maskedStatement(text, 2048);
        operationOf(text);
      }),
      { calls: 20 },
    );
    // It is hundreds of times as long.
    expect(long! / short!).toBeLessThan(10);
    // In ns: the short one could be slow, too.
    expect(long!).toBeLessThan(10e6);
  });
});

describe('the parameters of a statement', () => {
  it.each([
    [[1, 'a', null, undefined, true, 5n], "[1,'a',null,undefined,true,5]"],
    [[Buffer.alloc(12), new Date(0), new Date(NaN)], '[<12 bytes>,1970-01-01T00:00:00.000Z,NaN]'],
    [[{ a: 1 }, [1], () => 1, Symbol('s')], '[{…},{…},{…},{…}]'],
    ['alone', "'alone'"],
    [[], '[]'],
  ])('%j read %s', (values, text) => {
    expect(parametersText(values, 512)).toBe(text);
  });

  it('are shown up to the one that cannot be read, so that the span of the call is ended', () => {
    const values = new Proxy(['a', 'b'], {
      get(target, name) {
        if (name === '1') throw new Error('refused');
        return Reflect.get(target, name) as unknown;
      },
    });
    expect(parametersText(values, 512)).toBe("['a'…]");
  });

  it('are cut, and no more of them is read than is shown', () => {
    const read: number[] = [];
    const values = new Proxy(['a'.repeat(10), 'b'.repeat(10), 'c', 'd'], {
      get(target, name) {
        if (typeof name === 'string' && /^\d$/.test(name)) read.push(Number(name));
        return Reflect.get(target, name) as unknown;
      },
    });
    expect(parametersText(values, 16)).toBe("['aaaaaaaaaa','b");
    expect(read).toEqual([0, 1]);
  });

  it('call nothing of an object', () => {
    const fail = (): never => {
      throw new Error('called');
    };
    const date = Object.assign(new Date(0), { toISOString: fail, getTime: fail, valueOf: fail });
    const object = { toString: fail, toJSON: fail, [Symbol.toPrimitive]: fail };
    expect(parametersText([date, object], 512)).toBe('[1970-01-01T00:00:00.000Z,{…}]');
  });
});

import { describe, expect, test } from 'vitest'
import { rewritePostgres } from '../../../src/sql/postgres/rewrite.ts'
import { analyze, PARSER_15, PARSER_18 } from './parsers.ts'
import { SHOP } from './shop.ts'

/** Rewrites with each target limited to the rows of one tenant, as plain as the analysis says. */
function rewrite(sql: string, parser = PARSER_18): string {
  const facts = analyze(sql, parser)
  const plans = facts.statements.map(
    ({ uses, plainRows }) =>
      new Map(
        uses
          .filter(({ role }) => role === 'target')
          .map(({ id, alias }) => [
            id,
            { masks: new Map(), where: `("${alias}"."tenant_id" = 7)`, plain: plainRows === true },
          ]),
      ),
  )
  return rewritePostgres(facts, plans, SHOP, parser).text
}

const ORDERS = 'UPDATE "shop"."orders"'

const REWRITTEN: readonly (readonly [string, string])[] = [
  [
    "UPDATE orders SET status = 'x' WHERE id = 5 OR total IS NULL -- why",
    `${ORDERS} SET status = 'x' WHERE ( id = 5 OR total IS NULL) AND (("orders"."tenant_id" = 7)) -- why`,
  ],
  [
    'UPDATE orders o SET notes = upper(notes) WHERE o.id = 5 AND o.status = $1 RETURNING o.id',
    `${ORDERS} o SET notes = upper(notes) WHERE ( o.id = 5 AND o.status = $1) AND (("o"."tenant_id" = 7)) RETURNING o.id`,
  ],
  ['UPDATE orders SET total = 0', `${ORDERS} SET total = 0 WHERE (("orders"."tenant_id" = 7))`],
  ['DELETE FROM orders RETURNING id', 'DELETE FROM "shop"."orders" WHERE (("orders"."tenant_id" = 7)) RETURNING id'],
  [
    'DELETE FROM orders o USING users u WHERE u.id = o.user_id; SELECT 1',
    'DELETE FROM "shop"."orders" o USING "shop"."users" u WHERE ( u.id = o.user_id) AND (("o"."tenant_id" = 7)); SELECT 1',
  ],
  [
    'WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT id FROM gone WHERE id = 2',
    'WITH gone AS (DELETE FROM "shop"."orders" WHERE ( id = 1) AND (("orders"."tenant_id" = 7)) RETURNING *) SELECT id FROM gone WHERE id = 2',
  ],
  [
    'UPDATE ONLY shop.orders SET status = NULL WHERE shop.orders.total / 2 > 1',
    'UPDATE ONLY shop.orders SET status = NULL WHERE ("orders"."id") IN (SELECT "orders"."id" FROM (SELECT "f".* FROM (SELECT "id", "status", "total" FROM ONLY "shop"."orders" AS "orders" WHERE (("orders"."tenant_id" = 7))) AS "r", LATERAL (SELECT "r"."id", "r"."status", "r"."total" OFFSET 0) AS "f") AS "orders" WHERE ( "orders".total / 2 > 1)) AND (("orders"."tenant_id" = 7))',
  ],
  [
    'DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM users u WHERE u.id / 2 = o.user_id)',
    'DELETE FROM "shop"."orders" o WHERE ("o"."id") IN (SELECT "o"."id" FROM (SELECT "f".* FROM (SELECT "id", "user_id" FROM "shop"."orders" AS "o" WHERE (("o"."tenant_id" = 7))) AS "r", LATERAL (SELECT "r"."id", "r"."user_id" OFFSET 0) AS "f") AS "o" WHERE ( EXISTS (SELECT 1 FROM "shop"."users" u WHERE u.id / 2 = o.user_id))) AND (("o"."tenant_id" = 7))',
  ],
]

describe('a write to some rows of a table', () => {
  test.each(REWRITTEN)('%s', (sql, expected) => {
    for (const parser of [PARSER_15, PARSER_18]) expect(rewrite(sql, parser)).toBe(expected)
  })
})

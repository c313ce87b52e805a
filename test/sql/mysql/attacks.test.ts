import { describe, expect, it } from 'vitest'
import { kindVerdict } from '../../../src/policy/kinds.ts'
import { analyzeMysql } from '../../../src/sql/mysql/analyze.ts'
import { rewriteMysql } from '../../../src/sql/mysql/rewrite.ts'
import type { Substitution, SubstitutionPlan } from '../../../src/sql/substitution.ts'
import { shopContext } from './shop.ts'

const MASKED: ReadonlyMap<string, readonly string[]> = new Map([
  ['users', ['email', 'phone', 'ssn', 'dob', 'email_lower']],
  ['documents', ['body']],
  ['payments', ['card_number']],
])

function substitution(table: string): Substitution {
  return { masks: new Map(MASKED.get(table)!.map((name) => [name, { kind: 'null' }])), where: null }
}

/** What goes upstream when every computed use of a masked table is substituted; null where the statement is opaque. */
function sent(sql: string): string | null {
  const context = shopContext()
  const facts = analyzeMysql(sql, context)
  if (facts.statements.some(({ opaque, kind }) => opaque || kindVerdict(kind).verdict === 'refused')) return null
  const plans = facts.statements.map(
    ({ uses }): SubstitutionPlan =>
      new Map(
        uses
          .filter(({ relation, columns, role }) => {
            const masked = MASKED.get(relation.name) ?? []
            return role === 'read' && masked.some((name) => columns.get(name) === 'computed')
          })
          .map(({ id, relation }) => [id, substitution(relation.name)]),
      ),
  )
  return rewriteMysql(facts, plans, context)
}

/** The masked tables that stand in the text outside of a substituted reference. */
function exposed(text: string): string[] {
  const bare = text.replaceAll(
    /\(SELECT `id`, [^()]*(?:IF\(FALSE, `\w+`, NULL\)[^()]*)+FROM `shop`\.`\w+` USE INDEX \(PRIMARY\)(?: LIMIT \d+)?\)/g,
    '(masked)',
  )
  return [...MASKED.keys()].filter((table) => new RegExp(`\`?shop\`?\\s*\\.\\s*\`?${table}\\b`).test(bare))
}

describe('statements that compute on a masked column never reach the table itself', () => {
  it.each([
    ["SELECT concat(email,'') AS v FROM shop.users"],
    ['SELECT case when 1 then email end AS v FROM shop.users'],
    ['SELECT elt(1,email) AS v FROM shop.users'],
    ["SELECT regexp_replace(email,'(.)','\\\\1 ') AS v FROM shop.users"],
    ['SELECT json_arrayagg(email) FROM shop.users'],
    ['WITH a AS (SELECT email e FROM shop.users) SELECT e FROM a'],
    ['(SELECT name FROM shop.tenants LIMIT 1) UNION (SELECT phone FROM shop.users LIMIT 5)'],
    ['SELECT email FROM (SELECT email FROM shop.users) a JOIN (SELECT email FROM shop.users) b USING (email)'],
    ["SELECT json_value(body,'$.patient.name') FROM shop.documents"],
    ['SELECT count(*) FROM shop.orders GROUP BY concat((SELECT email FROM shop.users WHERE id=1),floor(rand(0)*2))'],
    ['INSERT INTO shop.orders(id,notes) SELECT 777,ssn FROM shop.users WHERE id=1'],
    ['EXPLAIN EXTENDED SELECT email FROM shop.users WHERE id=1'],
    ["ANALYZE SELECT 1 FROM shop.users WHERE ssn LIKE '9%'"],
    ["SELECT u.id FROM (SELECT '900-00-0008' g) v JOIN shop.users u ON u.ssn=v.g"],
    ["SELECT count(*) n FROM shop.tenants WHERE '900-00-0008' IN (SELECT ssn FROM shop.users)"],
    ["SELECT if(substr(ssn,1,1)='9',(SELECT id FROM shop.tenants),1) x FROM shop.users WHERE id=1"],
    ["SELECT if(ssn LIKE '9%',sleep(0.6),0) x FROM shop.users WHERE id=1"],
    ['/* a */ ( /* b */ SELECT email FROM shop.users )'],
    ['SET @y=(SELECT ssn FROM shop.users WHERE id=3)'],
    ['DO (SELECT ssn FROM shop.users WHERE id=3)'],
    ["PREPARE s FROM 'SELECT phone FROM shop.users'"],
    ["SELECT t.id FROM shop.tenants t WHERE EXISTS (SELECT id FROM shop.payments HAVING card_number LIKE '4%')"],
    ['SELECT email AS country, rank() OVER (ORDER BY country) FROM shop.users'],
    ['SELECT id FROM shop.users ORDER BY (SELECT email)'],
    ['SELECT 1 FROM shop.users GROUP BY ssn WITH ROLLUP'],
    ['UPDATE shop.orders SET notes = (SELECT ssn FROM shop.users LIMIT 1)'],
    ["SELECT 5--1 FROM shop.users WHERE ssn='x'"],
    ["SELECT 1 /*!50000 FROM shop.users WHERE ssn='x' */"],
    ['SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY dob) OVER () FROM shop.users LIMIT 1'],
    ["SELECT j.v FROM shop.users u, JSON_TABLE(json_array(u.email),'$[*]' COLUMNS (v varchar(100) PATH '$')) j"],
    ['SELECT count(@acc:=concat(@acc,email)) FROM shop.users'],
    ["SELECT email /*!50000 INTO OUTFILE '/tmp/x'*/ FROM shop.users"],
    ['SELECT {x email} FROM shop.users'],
    ['(SELECT id FROM shop.users) ORDER BY ssn LIMIT 1'],
    ['SELECT rank() OVER (ORDER BY 1), email FROM shop.users'],
  ])('%s', (sql) => {
    const text = sent(sql)
    expect(text).not.toBe(null)
    expect(exposed(text!)).toEqual([])
  })
})

describe('statements that are refused', () => {
  it.each([
    ['SELECT l.v FROM shop.users u, LATERAL (SELECT u.ssn v) l'],
    ['PREPARE s FROM @q'],
    ["BEGIN NOT ATOMIC EXECUTE IMMEDIATE concat('SELECT s','sn FROM shop.users'); END"],
    ['EXECUTE IMMEDIATE ?'],
    ['CREATE TEMPORARY TABLE scratch.tenants SELECT email AS name FROM shop.users'],
    ['HANDLER shop.payments OPEN AS h'],
    ['CALL shop.p_out(1,@o)'],
  ])('%s', (sql) => {
    expect(sent(sql)).toBe(null)
  })
})

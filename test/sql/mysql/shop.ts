import type { Catalog, Column, Dialect, Relation, RelationKind } from '../../../src/sql/catalog.ts'
import { relationKey } from '../../../src/sql/catalog.ts'
import type { AnalysisContext } from '../../../src/sql/facts.ts'

function relation(
  schema: string,
  name: string,
  columns: string,
  kind: RelationKind = 'table',
  definition = '',
): Relation {
  return {
    kind,
    schema,
    name,
    oid: 0,
    columns: columns.split(' ').map(
      (column, index): Column => ({
        name: column,
        ordinal: index + 1,
        type: 'varchar(120)',
        typeOid: 0,
        collation: null,
        generatedFrom: column === 'email_lower' ? ['email'] : [],
      }),
    ),
    primaryKey: ['id'],
    constrained: [],
    parents: [],
    definition: kind === 'view' ? definition : null,
    hasTriggers: false,
    hasRules: false,
    rowSecurity: false,
  }
}

const CONTACTS =
  "select `u`.`id` AS `user_id`,`u`.`full_name` AS `full_name`,`u`.`email` AS `contact`,concat(`u`.`phone`,' / ',`u`.`email`) AS `reach` from `shop`.`users` `u`"

const RELATIONS = [
  relation('shop', 'tenants', 'id name plan'),
  relation('shop', 'users', 'id tenant_id full_name country email phone ssn dob status opt_in created_at email_lower'),
  relation('shop', 'vip_users', 'id tenant_id full_name country email phone ssn dob status opt_in tier'),
  relation('shop', 'products', 'id sku name price'),
  relation('shop', 'orders', 'id user_id tenant_id status total placed_at notes'),
  relation('shop', 'order_items', 'order_id product_id qty'),
  relation('shop', 'payments', 'id order_id paid_on amount currency card_brand card_number'),
  relation('shop', 'documents', 'id user_id kind title body'),
  relation('shop', 'cases', 'id user_id subject state priority'),
  relation('shop', 'secrets', 'id name api_key'),
  relation('shop', 'Mixed Case', 'id Label'),
  relation('shop', 'v_user_contacts', 'user_id full_name contact reach', 'view', CONTACTS),
  relation('internal', 'audit_log', 'id actor detail'),
  relation('internal', 'users', 'id email'),
  relation('mysql', 'column_stats', 'db_name table_name column_name min_value max_value', 'system'),
  relation('information_schema', 'TABLES', 'TABLE_SCHEMA TABLE_NAME TABLE_TYPE', 'system'),
  // The names that the dialect cases of the parser study use.
  ...['secret', 's2', 's3', 't', 'x'].map((name) => relation('shop', name, 'id a b pw d doc')),
  relation('shop', 'sec`ret', 'id a'),
  relation('db', 'secret', 'id pw'),
  relation('db', 't', 'id pw'),
  relation('db', 'sec`ret', 'id a'),
]

export function shopCatalog(dialect: Dialect = 'mariadb', overrides: Partial<Catalog> = {}): Catalog {
  return {
    dialect,
    version: dialect === 'mysql' ? '9.7.0' : '10.11.19-MariaDB',
    major: dialect === 'mysql' ? 9 : 10,
    database: '',
    digest: 'd',
    schemas: new Set(['shop', 'internal', 'mysql', 'information_schema', 'db']),
    relations: new Map(RELATIONS.map((one) => [relationKey(one.schema, one.name), one])),
    relationsByOid: new Map(),
    functions: new Map([
      ['f_user_email', ['shop']],
      ['p_lookup', ['shop']],
    ]),
    operators: new Map(),
    types: new Map(),
    searchPath: [],
    lowerCaseTableNames: 0,
    sqlMode: new Set(),
    ...overrides,
  }
}

export function shopContext(overrides: Partial<AnalysisContext> = {}): AnalysisContext {
  return { catalog: shopCatalog(), searchPath: [], defaultDatabase: 'shop', sqlMode: new Set(), ...overrides }
}

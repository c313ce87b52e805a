export interface WriteCase {
  readonly sql: string
  readonly server: 'both' | 'mysql' | 'mariadb'
  readonly verbs: string
  /** Each use as `table: columns (values given)`, targets with `>`. */
  readonly uses: string
}

type Row = readonly [sql: string, verbs: string, uses: string]

const INSERTS: readonly Row[] = [
  [
    "INSERT INTO tenants VALUES (9, 'x', NULL)",
    'insert',
    '>tenants: id written, name written, plan written (id=9 name=x plan=null)',
  ],
  ['INSERT LOW_PRIORITY IGNORE tenants (id) VALUE (1), (-2), (DEFAULT)', 'insert', '>tenants: id written (id=1|-2|?)'],
  ['INSERT INTO tenants () VALUES ()', 'insert', '>tenants: '],
  ['INSERT INTO tenants VALUES ()', 'insert', '>tenants: '],
  ['INSERT INTO tenants PARTITION (p0, p1) (id) VALUES (1)', 'insert', '>tenants: id written (id=1)'],
  [
    'INSERT INTO tenants SET id = 1, tenants.name = lower(name)',
    'insert,read',
    '>tenants: id written, name computed (id=1 name=?)',
  ],
  [
    'INSERT INTO tenants (id, name) SELECT id, email FROM users',
    'insert,read',
    '>tenants: id written, name written (id=? name=?); users: email computed, id computed',
  ],
  ['INSERT INTO tenants (id) (SELECT id FROM users)', 'insert,read', '>tenants: id written (id=?); users: id computed'],
  [
    'INSERT INTO tenants (id) WITH c AS (SELECT id FROM users) SELECT id FROM c',
    'insert,read',
    '>tenants: id written (id=?); users: id computed',
  ],
  [
    'INSERT INTO tenants (id, plan) SELECT id, 1 FROM users u ON DUPLICATE KEY UPDATE plan = u.email',
    'insert,update,read',
    '>tenants: id written, plan written (id=? plan=?|?); users: email computed, id computed',
  ],
  [
    'INSERT INTO tenants (id, plan) (SELECT id, 1 FROM users u) ON DUPLICATE KEY UPDATE plan = u.email',
    'insert,update,read',
    '>tenants: id written, plan written (id=? plan=?|?); users: email computed, id computed',
  ],
  [
    "REPLACE INTO tenants VALUES (1, 'a', 'b')",
    'insert,delete',
    '>tenants: id written, name written, plan written (id=1 name=a plan=b)',
  ],
  ['REPLACE DELAYED tenants (id) SELECT 1', 'insert,delete', '>tenants: id written (id=?)'],
]

const UPDATES: readonly Row[] = [
  [
    "UPDATE LOW_PRIORITY IGNORE tenants AS t SET t.name = 'x', plan := NULL WHERE id = 1 ORDER BY name LIMIT 2",
    'update,read',
    '>tenants: id computed, name computed, plan written (name=x plan=null)',
  ],
  ['UPDATE users SET email = lower(email)', 'update,read', '>users: email computed (email=?)'],
  [
    'UPDATE users u JOIN tenants t ON t.id = u.tenant_id SET u.country = t.name',
    'update,read',
    '>users: country written, tenant_id computed (country=?); tenants: id computed, name computed',
  ],
  [
    'UPDATE users, tenants SET users.country = 1, tenants.plan = 2 WHERE users.tenant_id = tenants.id',
    'update,read',
    '>users: country written, tenant_id computed (country=1); >tenants: id computed, plan written (plan=2)',
  ],
  [
    'UPDATE users u, (SELECT tenant_id, max(id) m FROM orders GROUP BY tenant_id) o SET u.status = o.m WHERE u.id = o.tenant_id',
    'update,read',
    '>users: id computed, status written (status=?); orders: id computed, tenant_id computed',
  ],
  [
    'UPDATE orders PARTITION (p0) SET status = (SELECT email FROM users WHERE users.id = orders.user_id)',
    'update,read',
    '>orders: status written, user_id computed (status=?); users: email computed, id computed',
  ],
  [
    'UPDATE users a JOIN users b ON a.id = b.id SET a.phone = b.phone',
    'update,read',
    '>users: id computed, phone written (phone=?); users: id computed, phone computed',
  ],
]

const DELETES: readonly Row[] = [
  ['DELETE FROM tenants PARTITION (p0) WHERE id = 1', 'delete,read', '>tenants: id computed'],
  [
    'DELETE t FROM tenants t JOIN users u ON t.id = u.tenant_id',
    'delete,read',
    '>tenants: id computed; users: tenant_id computed',
  ],
  [
    'DELETE tenants.*, u FROM tenants JOIN users u ON tenants.id = u.tenant_id',
    'delete,read',
    '>tenants: id computed; >users: tenant_id computed',
  ],
  [
    'DELETE FROM t, u USING tenants t JOIN users u ON t.id = u.tenant_id WHERE u.email IS NULL',
    'delete,read',
    '>tenants: id computed; >users: email computed, tenant_id computed',
  ],
  [
    'DELETE FROM shop.tenants USING shop.tenants, users WHERE tenants.id = users.id',
    'delete,read',
    '>tenants: id computed; users: id computed',
  ],
]

const ON_MYSQL: readonly Row[] = [
  [
    'INSERT INTO tenants VALUES ROW(1, 2, 3), ROW(4, 5, TRUE)',
    'insert',
    '>tenants: id written, name written, plan written (id=1|4 name=2|5 plan=3|true)',
  ],
  [
    'INSERT INTO tenants (id, plan) VALUES (1, 2) AS new ON DUPLICATE KEY UPDATE plan = new.plan + 1',
    'insert,update',
    '>tenants: id written, plan written (id=1 plan=2|?)',
  ],
  [
    'INSERT INTO tenants (id, plan) VALUES (1, 2) AS new(a, b) ON DUPLICATE KEY UPDATE plan = b, name = tenants.plan',
    'insert,update,read',
    '>tenants: id written, name written, plan computed (id=1 plan=2|? name=?)',
  ],
  [
    'INSERT INTO tenants SET id = 1 AS new ON DUPLICATE KEY UPDATE plan = DEFAULT',
    'insert,update',
    '>tenants: id written, plan written (id=1 plan=?)',
  ],
  [
    'WITH c AS (SELECT id FROM tenants) UPDATE users, c SET users.status = 1 WHERE users.id = c.id',
    'update,read',
    'tenants: id computed; >users: id computed, status written (status=1)',
  ],
  [
    'DELETE LOW_PRIORITY QUICK IGNORE FROM tenants AS t WHERE t.id = 1 ORDER BY plan LIMIT 3',
    'delete,read',
    '>tenants: id computed, plan computed',
  ],
  ['DELETE FROM tenants t PARTITION (p0)', 'delete', '>tenants: '],
  [
    'WITH c AS (SELECT id FROM users) DELETE FROM tenants WHERE id IN (SELECT id FROM c)',
    'delete,read',
    'users: id computed; >tenants: id computed',
  ],
]

const ON_MARIADB: readonly Row[] = [
  [
    'DELETE LOW_PRIORITY QUICK IGNORE FROM tenants WHERE id = 1 ORDER BY plan LIMIT 3',
    'delete,read',
    '>tenants: id computed, plan computed',
  ],
  [
    'INSERT INTO tenants (id) VALUES (1) RETURNING id, upper(name) n',
    'insert,read',
    '>tenants: id computed, name computed (id=1)',
  ],
  [
    'REPLACE INTO tenants (id) SELECT 1 RETURNING *',
    'insert,delete,read',
    '>tenants: id computed, name computed, plan computed (id=?)',
  ],
  ['DELETE FROM tenants WHERE id = 1 RETURNING name', 'delete,read', '>tenants: id computed, name computed'],
  [
    "UPDATE cases FOR PORTION OF valid FROM '2020-01-01' TO '2021-01-01' SET state = 1",
    'update,insert',
    '>cases: state written (state=1)',
  ],
  [
    "DELETE FROM cases FOR PORTION OF valid FROM '2020-01-01' TO '2021-01-01' WHERE id = 1",
    'delete,insert,read',
    '>cases: id computed',
  ],
  ['INSERT INTO tenants (id, name) VALUES (IGNORE, 1)', 'insert', '>tenants: id written, name written (id=? name=1)'],
]

function cases(server: WriteCase['server'], rows: readonly Row[]): WriteCase[] {
  return rows.map(([sql, verbs, uses]) => ({ sql, server, verbs, uses }))
}

/** Each form of INSERT, REPLACE, UPDATE and DELETE, with what is known of it. */
export const WRITES: readonly WriteCase[] = [
  ...cases('both', [...INSERTS, ...UPDATES, ...DELETES]),
  ...cases('mysql', ON_MYSQL),
  ...cases('mariadb', ON_MARIADB),
]

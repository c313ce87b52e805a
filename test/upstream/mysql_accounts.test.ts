import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Privileges } from '../../src/policy/privileges.ts'
import type { NewLogin } from '../../src/upstream/accounts.ts'
import { grantsFor, privilegesIn } from '../../src/upstream/mysql_accounts_grants.ts'
import { SparePasswords } from '../../src/upstream/mysql_accounts_spare.ts'
import { createOnMariadb, createOnMysql, mariadbMark, sharedRole } from '../../src/upstream/mysql_accounts_sql.ts'
import { cachingSha2Verifier, nativeVerifier } from '../../src/upstream/mysql_accounts_verifier.ts'
import { relation } from '../policy/build.ts'
import { SETTINGS } from './accounts_fixture.ts'
import { targetOf } from './target.ts'

const NOTHING: Privileges = {
  database: '',
  unrestricted: false,
  schemas: [],
  relations: [],
  routines: [],
  definitions: [],
  readOnly: true,
}

describe('what the server keeps of a password', () => {
  it.each([
    // As MySQL 8.4 keeps them, with the salts that it drew.
    [
      'a',
      '24412430303524380d601f5a3740191877076b500779050f6d6208487355494772773530535a574a37694d536c4e67665432324e4c626e445362536f47566b71596d68647437',
    ],
    [
      'x'.repeat(43),
      '244124303035241b57417d3a7b7b253d581827217347085c0e587c4334626d3474395270314e755a3369446c6545376a522f58416133736e4d30434158754f48416873536d38',
    ],
  ])('is that of caching_sha2_password for %s', async (password, kept) => {
    const salt = Buffer.from(kept, 'hex').subarray(7, 27)
    expect(Buffer.from(await cachingSha2Verifier(password, salt)).toString('hex')).toBe(kept)
  })

  it('has no byte in its salt that the server would split it by', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 20, maxLength: 20 }), async (random) => {
        const salt = (await cachingSha2Verifier('p', random)).subarray(7, 27)
        expect([...salt].every((byte) => byte > 0 && byte < 0x80 && byte !== 0x24)).toBe(true)
      }),
      { numRuns: 10 },
    )
  })

  it('is at hand for passwords that were made ahead, and is that of the password', async () => {
    const spares = new SparePasswords()
    await spares.identifiedBy(spares.take(), false)
    // The first were made meanwhile, the last are not: either way it is the password's own.
    await spares.identifiedBy('another', false)
    const taken = Array.from({ length: 6 }, () => spares.take())
    expect(new Set(taken).size).toBe(6)
    for (const password of taken) {
      const kept = Buffer.from((await spares.identifiedBy(password, false)).slice(-140), 'hex')
      const again = await cachingSha2Verifier(password, kept.subarray(7, 27))
      expect(Buffer.from(again).equals(kept)).toBe(true)
    }
  })

  it('is that of mysql_native_password', () => {
    expect(nativeVerifier('pw')).toBe('*D821809F681A40A6E379B50D0463EFAE20BDD122')
  })
})

describe('privileges as statements', () => {
  const users = relation('us`ers', ['id', 'na,me', 'tax'])
  const options = { routines: [], literalNames: false }

  it('name columns, and list those that are not granted', () => {
    const privileges = {
      ...NOTHING,
      relations: [
        { relation: users, privileges: [{ privilege: 'select' as const, columns: ['id', 'na,me'] }] },
        {
          relation: relation('orders', ['id']),
          privileges: [
            { privilege: 'select' as const, columns: null },
            { privilege: 'delete' as const, columns: null },
          ],
        },
        { relation: relation('closed', ['id']), privileges: [{ privilege: 'select' as const, columns: [] }] },
      ],
    }
    expect(grantsFor(privileges, options)).toEqual([
      'GRANT SELECT (`id`, `na,me`), REFERENCES (`tax`), SHOW VIEW ON `shop`.`us``ers`',
      'GRANT SELECT, DELETE, REFERENCES (`id`), SHOW VIEW ON `shop`.`orders`',
    ])
    expect(grantsFor({ ...privileges, definitions: ['a_b%'] }, options)).toEqual([
      expect.stringMatching(/^GRANT CREATE, .* ON `a\\_b\\%`\.\*$/),
      'GRANT SELECT (`id`, `na,me`), SHOW VIEW ON `shop`.`us``ers`',
      'GRANT SELECT, DELETE, SHOW VIEW ON `shop`.`orders`',
    ])
    expect(grantsFor({ ...NOTHING, definitions: ['a_b'] }, { ...options, literalNames: true })[0]).toContain('`a_b`.*')
  })

  it('are read again from what the server prints', () => {
    expect([
      ...privilegesIn([
        'GRANT USAGE ON *.* TO `sp_x`@`%` REQUIRE SSL',
        'GRANT SELECT (`id`, `na,me`), REFERENCES (`t)x`), SHOW VIEW ON `shop`.`us``ers` TO `r`@`%`',
        'GRANT CREATE VIEW, LOCK TABLES ON `a\\_b`.* TO `r`',
        'GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `r` WITH GRANT OPTION',
        'GRANT `one`@`%`,`two`@`%` TO `sp_x`@`%`',
        'GRANT `one` TO `r`',
        'SET DEFAULT ROLE `r` FOR `sp_x`@`%`',
      ]),
    ]).toEqual([
      'select(id) on shop.us`ers',
      'select(na,me) on shop.us`ers',
      'references(t)x) on shop.us`ers',
      'show view on shop.us`ers',
      'create view on a\\_b.*',
      'lock tables on a\\_b.*',
      'execute on procedure shop.p',
      'the role one@%',
      'the role two@%',
      'the role one',
    ])
  })
})

describe('an account', () => {
  const target = targetOf({ engine: 'mysql', port: 1 })
  const setup = {
    ...{ target, loginTarget: target, database: '', grantId: "g'1", grantEnd: 0, role: 'r', privileges: NOTHING },
    ...{
      digest: 'ab'.repeat(32),
      content: '',
      settings: SETTINGS,
      limits: { statementTimeoutMs: 0, lockTimeoutMs: 0 },
    },
  }
  const login: NewLogin = { name: 'sp_ann_x', password: 'clear', expiresAt: 1_000 }

  it('is one statement on MySQL, which the server itself ends after a day', () => {
    const [sql, ...more] = createOnMysql(
      setup,
      [{ ...login, identified: 'IDENTIFIED WITH caching_sha2_password AS 0x41' }],
      'role',
      0,
    )
    expect(more).toEqual([])
    expect(sql).toBe(
      'CREATE USER `sp_ann_x`@`%` IDENTIFIED WITH caching_sha2_password AS 0x41 DEFAULT ROLE `role` REQUIRE NONE' +
        ` WITH MAX_CONNECTIONS_PER_HOUR ${mariadbMark(SETTINGS)} MAX_USER_CONNECTIONS 2 PASSWORD EXPIRE INTERVAL 1 DAY` +
        ` ATTRIBUTE '{"sallyport":"sallyport_sessions","grant":"g''1","expires":"1970-01-01T00:00:01.000Z"}'`,
    )
  })

  it('gets its own privileges before it can use its role on MariaDB', () => {
    const sql = createOnMariadb(
      setup,
      [{ ...login, identified: "IDENTIFIED VIA mysql_native_password USING '*AB'" }],
      'role',
      ['GRANT SELECT ON `a`.*'],
      0,
    )
    expect(sql.slice(1)).toEqual([
      'GRANT SELECT ON `a`.* TO `sp_ann_x`@`%`',
      'GRANT `role` TO `sp_ann_x`@`%`',
      'SET DEFAULT ROLE `role` FOR `sp_ann_x`@`%`',
    ])
    expect(sql[0]).not.toContain('clear')
  })

  it('shares a role with those of its setup alone, of its installation and on MariaDB of its maker', () => {
    const name = sharedRole(setup, '')
    expect(name).toMatch(/^sp__[0-9a-f]{6}_[0-9a-f]{18}$/)
    const others = [
      sharedRole({ ...setup, digest: 'cd'.repeat(32) }, ''),
      sharedRole({ ...setup, settings: { ...SETTINGS, marker: 'b' } }, ''),
      sharedRole(setup, 'admin@%'),
      sharedRole(setup, 'admin2@%'),
    ]
    expect(new Set([name, ...others]).size).toBe(5)
  })
})

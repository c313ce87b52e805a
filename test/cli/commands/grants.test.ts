import { afterEach, describe, expect, it, vi } from 'vitest'
import { SallyportError } from '../../../src/errors.ts'
import type { ApiDeps } from '../../../src/http/ports.ts'
import { ALICE, GRANT, NOW, startTestApi, type TestApi } from '../../http/api.ts'
import { run } from '../cli_run.ts'

describe('grants in the command line', () => {
  let test: TestApi
  afterEach(async () => {
    vi.unstubAllEnvs()
    await test.close()
  })

  async function serve(overrides: Partial<ApiDeps> = {}, given: Parameters<typeof startTestApi>[0] = {}) {
    test = await startTestApi(
      { grant: async () => GRANT, grants: async () => ({ items: [GRANT], next: null }), ...given },
      overrides,
    )
    vi.stubEnv('SALLYPORT_SERVER', `http://127.0.0.1:${test.api.port}`)
    vi.stubEnv('SALLYPORT_TOKEN', 'token-of-alice')
  }

  it('are shown with their use', async () => {
    const used = { schema: 'shop', table: 'orders', verb: 'read', statements: 3, rows: 5, clear: 0 }
    const use = { ...used, firstAt: NOW, lastAt: NOW, grantId: 'g1', id: 'u', version: 1 }
    await serve({ usage: { of: async () => [use] } as unknown as ApiDeps['usage'] })
    expect(await run('grant', 'show', 'g1')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/role +read-only[\s\S]*shop\.orders +read +3/),
    })
  })

  it('are shown also where nobody counts their use', async () => {
    await serve()
    const shown = await run('grant', 'show', 'g1')
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('its use is not known here') })
    expect(shown.out).toContain(ALICE.email)
    const json = JSON.parse((await run('grant', 'show', 'g1', '--json')).out)
    expect(json).toMatchObject({ id: 'g1', use: null })
  })

  it('that stand in policy files are listed for who may see all', async () => {
    const standing = { ...GRANT.grant, id: 'oncall', kind: 'file', principal: { group: 'dba' } } as const
    const over = { ...standing, id: 'old', end: NOW, principal: { email: 'bob@example.test' } }
    const later = { ...standing, id: 'later', start: NOW + 1, target: 'other' }
    const fileGrants = () => [standing, over, later]
    await serve({ fileGrants }, { require: async () => undefined })
    const { out } = await run('grant', 'ls', '--all')
    expect(out).toMatch(/oncall +active +file +the group dba +orders-prod/)
    expect(out).toMatch(/old +expired +file +bob@example.test/)
    expect(out).toMatch(/g1 +active +standard +alice@example.test/)
    expect((await run('grant', 'ls')).out).not.toContain('oncall')
    const answer = JSON.parse((await run('grant', 'ls', '--all', '--state', 'scheduled', '--json')).out)
    expect(answer).toMatchObject([{ state: 'scheduled', grant: { id: 'later', kind: 'file' } }, { id: 'g1' }])
    expect(JSON.parse((await run('grant', 'ls', '--all', '--target', 'other', '--json')).out)).toHaveLength(2)
  })

  it('of policy files are not for who may see some grants of others only', async () => {
    const forbidden = async () => {
      throw new SallyportError('SP-FORBIDDEN', 'not yours')
    }
    await serve({ fileGrants: () => [GRANT.grant] }, { require: forbidden })
    expect((await test.call('/v1/standing-grants')).status).toBe(403)
    expect(JSON.parse((await run('grant', 'ls', '--all', '--json')).out)).toHaveLength(1)
  })

  it('say what to do where a part is not configured', async () => {
    await serve()
    const { code, err } = await run('evidence', 'idle-grants')
    expect(code).not.toBe(0)
    expect(err).toMatch(/not configured[\s\S]*Ask the operators to configure it/)
  })
})

import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { homeFolder, type Profile, readProfile, removeProfile, writeProfile } from '../../../src/cli/sign_in/profile.ts'
import { type KeychainEntry, openTokenStore } from '../../../src/cli/sign_in/token_store.ts'

const TOKENS = { token: 'not-a-token', expiresAt: 1_000, refreshToken: null }
const SERVER = 'https://sallyport.example.test'
const PROFILE: Profile = {
  server: SERVER,
  ca: null,
  issuer: 'https://idp.example.test',
  clientId: 'cli',
  scopes: 'openid',
  token: 'access',
  resource: null,
}

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-home-'))
})
afterEach(() => rmSync(home, { recursive: true }))

/** A keychain in memory, as an operating system has it. */
function keychain() {
  const kept = new Map<string, string>()
  const open = (service: string, account: string): KeychainEntry => {
    const key = `${service} ${account}`
    return {
      getPassword: () => kept.get(key) ?? null,
      setPassword: (password) => void kept.set(key, password),
      deletePassword: () => kept.delete(key),
    }
  }
  return { kept, open }
}

describe('tokens', () => {
  it('lie in the keychain where there is one, and in no file', async () => {
    const { kept, open } = keychain()
    const store = openTokenStore(home, SERVER, open)
    expect(await store.load()).toBeNull()
    await store.save(TOKENS)
    expect(await store.load()).toEqual(TOKENS)
    expect([...kept.keys()]).toEqual([`sallyport ${SERVER}`])
    expect(() => statSync(join(home, 'tokens.json'))).toThrow('ENOENT')
    await store.remove()
    await store.remove()
    expect(kept.size).toBe(0)
  })

  it.each([
    ['none', null],
    [
      'one that does not answer',
      () => {
        throw new Error('no secret service')
      },
    ],
  ])('lie in a file for its owner alone where the keychain is %s', async (_what, open) => {
    const store = openTokenStore(home, SERVER, open)
    await store.save(TOKENS)
    expect(store.place).toBe(join(home, 'tokens.json'))
    expect(statSync(store.place).mode & 0o777).toBe(0o600)
    expect(await store.load()).toEqual(TOKENS)
    await store.remove()
    expect(await store.load()).toBeNull()
  })

  it('are refused where others may read them', async () => {
    const store = openTokenStore(home, SERVER, null)
    await store.save(TOKENS)
    chmodSync(store.place, 0o640)
    await expect(store.load()).rejects.toThrow('others may read the file')
  })

  it('are never quoted where they are broken', async () => {
    const store = openTokenStore(home, SERVER, null)
    await store.save(TOKENS)
    writeFileSync(store.place, '{"token": "a-secret')
    const error = await store.load().catch((failed: Error) => failed)
    expect(String(error)).toContain('log in again')
    expect(JSON.stringify(error)).not.toContain('a-secret')
  })
})

describe('the profile', () => {
  it('is read as it was written, and refused where it is not one', async () => {
    expect(await readProfile(home)).toBeNull()
    await writeProfile(home, PROFILE)
    expect(await readProfile(home)).toEqual(PROFILE)
    writeFileSync(join(home, 'profile.json'), '{}')
    await expect(readProfile(home)).rejects.toThrow('log in again')
    await removeProfile(home)
    expect(await readProfile(home)).toBeNull()
  })

  it('lies where the environment says', () => {
    expect(homeFolder({ SALLYPORT_HOME: '/a' })).toBe('/a')
    expect(homeFolder({ XDG_CONFIG_HOME: '/b' })).toBe('/b/sallyport')
    expect(homeFolder({})).toMatch(/\.config\/sallyport$/)
  })
})

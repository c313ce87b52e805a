import { createHash } from 'node:crypto'

/** The answer to AuthenticationMD5Password: `md5` + md5(md5(password + user) + salt) in hexadecimal. */
export function md5Password(user: string, password: string, salt: Uint8Array): string {
  const inner = createHash('md5').update(password).update(user).digest('hex')
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`
}

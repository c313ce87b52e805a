import { expect, it } from 'vitest'
import { serverAddress } from '../../../src/cli/sign_in/server_address.ts'

it.each([
  ['https://sallyport.example.test/', 'https://sallyport.example.test'],
  ['http://localhost:8080', 'http://localhost:8080'],
  ['http://127.0.0.1:8080//', 'http://127.0.0.1:8080'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
])('%s is an address', (given, address) => {
  expect(serverAddress(given)).toBe(address)
})

it.each(['sallyport', 'file:///etc/passwd', '', 'http://db.example.test', 'http://localhost.example.test'])(
  'a token does not go to %j',
  (given) => {
    expect(() => serverAddress(given)).toThrow('https://')
  },
)

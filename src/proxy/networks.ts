import { BlockList, isIPv6 } from 'node:net'
import { SallyportError } from '../errors.ts'

/** True for addresses in any of the CIDR networks (`10.0.0.0/8`, `fd00::/8`); IPv4-mapped IPv6 counts as IPv4. */
export function networkMatcher(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string | undefined]
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    try {
      list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
    } catch (cause) {
      throw new SallyportError('SP-CONFIG', `${network} is not a network in CIDR form`, { cause })
    }
  }
  return (address) => list.check(plainAddress(address), isIPv6(plainAddress(address)) ? 'ipv6' : 'ipv4')
}

/** `::ffff:10.0.0.1` as `10.0.0.1`: what a dual-stack socket calls an IPv4 client. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  return mapped ? (mapped[1] as string) : address
}

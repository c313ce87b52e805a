import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { SallyportError } from '../errors.ts'

/**
 * Where nothing that is sent may lead unless the configuration says so: this machine, private networks, link-local addresses, among
 * them those where clouds hand out credentials, addresses that name no host, and those of many hosts. RFC 1918, RFC 3927,
 * RFC 4193, RFC 4291, RFC 6598, RFC 6890.
 */
const FORBIDDEN: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  // Oracle Cloud has its metadata outside of the link and of private networks.
  ['192.0.0.192', 32, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['255.255.255.255', 32, 'ipv4'],
  ['::', 128, 'ipv6'],
  ['::1', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]
const LOOPBACK = listOf([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
])
/** Where clouds hand out credentials within networks that a company may use: they have to be named alone. */
const METADATA = listOf([
  ['100.100.100.200', 32, 'ipv4'],
  ['fd00:ec2::254', 128, 'ipv6'],
])
/** Forms of IPv6 that carry an IPv4 address: RFC 4291 2.5.5, RFC 6052, RFC 3056, RFC 4380. */
const CARRIERS = listOf([
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['2001::', 32, 'ipv6'],
])
const BLOCKED = listOf(FORBIDDEN)
const NUMERIC_V4 = 4

/** Networks of a company's own, and this machine: without those of clouds' metadata, and of many hosts. */
export const PRIVATE_NETWORKS: readonly string[] = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
]

export interface AddressGuard {
  /** Throws `SP-INPUT` for an address that is never sent to. */
  check(url: string): URL
  /** The same of a host without a URL: a name is judged when it is looked up. */
  checkHost(host: string): void
  /** Resolves names for a connection, and refuses what they must not lead to: the check is of what is connected to. */
  readonly lookup: LookupFunction
}

/** `allowed` are CIDR networks that may be reached nevertheless; `setting` is where the configuration has them. */
export function createAddressGuard(
  allowed: readonly string[],
  setting = 'node.api.webhooks.allowNetworks',
): AddressGuard {
  const exceptions = listOf(
    allowed.map((network) => {
      const [address = '', bits = ''] = network.split('/')
      return [address, Number(bits), isIP(address) === NUMERIC_V4 ? 'ipv4' : 'ipv6'] as const
    }),
  )
  // A network of one address.
  const named = new Set(allowed.filter((network) => /\/(32|128)$/.test(network)).map((one) => one.split('/')[0]))
  const forbidden = (address: string) => {
    if (contains(METADATA, address)) return !named.has(address)
    return !contains(exceptions, address) && isForbidden(address)
  }
  const checkHost = (host: string) => {
    const address = host === 'localhost' ? '127.0.0.1' : host
    if (isIP(address) !== 0 && forbidden(address)) {
      throw refused(`the address is of a private network or of this machine: see ${setting}`)
    }
  }
  return {
    checkHost,
    check: (text) => {
      const url = URL.canParse(text) ? new URL(text) : null
      if (url === null || url.username !== '' || url.password !== '') throw refused('the address is not a plain URL')
      const host = url.hostname.replace(/^\[|\]$/g, '')
      const loopback = host === 'localhost' || contains(LOOPBACK, host)
      if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback))
        throw refused('the address must be https; http is for loopback alone')
      checkHost(host)
      return url
    },
    lookup: (host, options, callback) => {
      lookup(host, { ...options, all: true }, (error, found: LookupAddress[]) => {
        if (error !== null) return callback(error, '')
        if (found.some(({ address }) => forbidden(address)))
          return callback(new Error('the name leads to an address that nothing is sent to'), '')
        const [first] = found
        if (options.all === true) return callback(null, found)
        return callback(first === undefined ? new Error('no address') : null, first?.address ?? '', first?.family)
      })
    },
  }
}

function isForbidden(address: string): boolean {
  if (contains(BLOCKED, address)) return true
  return isIP(address) !== NUMERIC_V4 && contains(CARRIERS, address)
}

function contains(list: BlockList, address: string): boolean {
  const version = isIP(address)
  return version !== 0 && list.check(address, version === NUMERIC_V4 ? 'ipv4' : 'ipv6')
}

function listOf(networks: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList()
  for (const [address, bits, family] of networks) list.addSubnet(address, bits, family)
  return list
}

function refused(detail: string): SallyportError {
  return new SallyportError('SP-INPUT', detail)
}

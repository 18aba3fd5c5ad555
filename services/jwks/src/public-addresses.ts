import { BlockList, isIP, isIPv4 } from 'node:net'

type Network = [address: string, prefix: number]

/** IPv4 networks that lead to this machine, its neighbours, or nowhere (IANA's registry of special-purpose addresses). */
const PRIVATE_IPV4: Network[] = [
  ['0.0.0.0', 8], // this machine
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // behind a carrier's NAT; some clouds keep their metadata here
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, with the metadata of most clouds
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24], // for documentation
  ['192.88.99.0', 24], // relays of 6to4
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // for benchmarks
  ['198.51.100.0', 24], // for documentation
  ['203.0.113.0', 24], // for documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
]

/** What of IPv6 is in public use. Loopback, IPv4 written as IPv6, unique local, link-local and multicast are elsewhere. */
const PUBLIC_IPV6: Network[] = [['2000::', 3]]
const PRIVATE_IPV6: Network[] = [
  ['2001::', 23], // Teredo and the like, which carry IPv4
  ['2001:db8::', 32], // for documentation
  ['2002::', 16], // 6to4, which carries IPv4
  ['3fff::', 20], // for documentation
]

/** Under this prefix a network that has IPv6 only reaches IPv4 addresses (RFC 6052). */
const NAT64 = '64:ff9b::'
const NAT64_PREFIX = 96

const privateIpv4 = listOf('ipv4', PRIVATE_IPV4)
const publicIpv6 = listOf('ipv6', [...PUBLIC_IPV6, [NAT64, NAT64_PREFIX]])
const privateIpv6 = listOf('ipv6', [
  ...PRIVATE_IPV6,
  ...PRIVATE_IPV4.map(([address, prefix]): Network => [NAT64 + address, NAT64_PREFIX + prefix]),
])

/** Whether an IP address is one of the public internet; anything else, a name too, is not. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false
  if (isIPv4(address)) return !privateIpv4.check(address, 'ipv4')
  return publicIpv6.check(address, 'ipv6') && !privateIpv6.check(address, 'ipv6')
}

/** One family to a list: a list that has both would compare IPv4 addresses with IPv6 networks. */
function listOf(family: 'ipv4' | 'ipv6', networks: Network[]): BlockList {
  const list = new BlockList()
  for (const [address, prefix] of networks) list.addSubnet(address, prefix, family)
  return list
}

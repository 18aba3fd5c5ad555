/** In the order of the statistics' arrays. */
export const PLATFORMS = ['unknown', 'android', 'ios'] as const

export type Platform = (typeof PLATFORMS)[number]

/** What a publish came from, as far as its `User-Agent` tells. iOS itself publishes as `bluetoothd … CFNetwork/…`. */
export function platformOf(userAgent: string): Platform {
  const text = userAgent.toLowerCase()
  if (text.includes('android')) return 'android'
  if (text.includes('iphone')) return 'ios'
  return text.includes('bluetoothd') && text.includes('cfnetwork') ? 'ios' : 'unknown'
}

/** Keys of three days, as a phone of 22 November 2026 holds them. */
export const KEYS = [
  { key: 'Fy/EgOWYSQw0F3YEM5sVQw==', rollingStartNumber: 2_991_888, rollingPeriod: 144 },
  { key: 'PYqVyuxLkbHkpcbbpOGJPA==', rollingStartNumber: 2_992_032, rollingPeriod: 144 },
  { key: 'z9ug2kXpbQ3DfDl3xjMTLQ==', rollingStartNumber: 2_992_176, rollingPeriod: 144 },
] as const

/** Two intervals after the first key begins. */
export const ONSET = 2_991_890

/** Shorter than a true one, and signed by nobody. */
export const CERTIFICATE =
  'eyJhbGciOiJFUzI1NiIsImtpZCI6InYxIn0.eyJpc3MiOiJnb3YuZXhhbXBsZSJ9.c2lnbmVkIGJ5IG5vYm9keQ'

export const HMAC_KEY = 'dBGK1hzf84DkW8uCTIrCHQ=='

export const APP = 'com.example.app'

/** Shorter than true ones. */
export const TOKEN = 'CAESDEFuIGV4YW1wbGUu'

/** Shorter than true padding, which is a kilobyte and more. */
export const PADDING = 'Y2FuIGJlIGFueXRoaW5n'

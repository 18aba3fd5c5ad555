/** The parts of the zip format that export archives use (PKWARE APPNOTE 6.3, sections 4.3 to 4.5). All numbers are little-endian. */

export const LOCAL_HEADER = { signature: 0x04034b50, length: 30 }
export const DATA_DESCRIPTOR = { signature: 0x08074b50, length: 16 }
export const DIRECTORY_HEADER = { signature: 0x02014b50, length: 46 }
export const END_OF_DIRECTORY = { signature: 0x06054b50, length: 22 }

export const STORED = 0
export const DEFLATED = 8

/** Version 2.0 of the format: deflate, and nothing later. */
export const VERSION = 20

/** Flag bits: the contents are encrypted; sizes and checksum follow the contents. */
export const ENCRYPTED = 0x0001
export const SIZES_FOLLOW = 0x0008

export const BIN_NAME = 'export.bin'
export const SIG_NAME = 'export.sig'

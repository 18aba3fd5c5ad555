import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const EXAMPLE = path('../testdata/testExport-2-records-1-of-1.zip')
const SIGNER = ['--public-key', path('../testdata/public.pem'), '--public-key-id', 'some_id']

/** The command in a process of its own. */
async function phone(...words: string[]) {
  const node = ['--conditions=@ens/source', path('./main.ts'), ...words]
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, node)
    return { status: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { status: code, stdout, stderr }
  }
}

test('the published example archive verifies, and its keys are listed', async () => {
  const signer = [...SIGNER, '--public-key-version', '1']

  const verified = await phone('verify', EXAMPLE, ...signer)
  const listed = await phone('list', EXAMPLE, ...signer)

  expect(verified).toEqual({
    status: 0,
    stdout: `verified      ${EXAMPLE}  region US  2020-05-22T15:00:00Z to 2020-05-23T15:00:00Z  2 keys, 0 revised  signed by some_id 1\n`,
    stderr: '',
  })
  expect(listed.status).toBe(0)
  expect(listed.stdout.split('\n').slice(1)).toEqual([
    'list  key                       valid from            intervals  risk  report type  onset',
    'keys  Fy/EgOWYSQw0F3YEM5sVQw==  2020-05-20T15:20:00Z  1          8     -            -',
    'keys  K2MFOsSDI43hdhaehh89zQ==  2020-05-19T20:20:00Z  114        1     -            -',
    '',
    '',
  ])
})

test('an archive that another key signed ends the command with status 1', async () => {
  const verified = await phone('verify', EXAMPLE, ...SIGNER, '--public-key-version', '2')

  expect(verified).toEqual({
    status: 1,
    stdout: `NOT VERIFIED  ${EXAMPLE}: no valid signature (key id "some_id" version "1": unknown-key)\n`,
    stderr: '',
  })
})

test('bad arguments end the command with status 2', async () => {
  const { status, stdout, stderr } = await phone('verify', '--colour')

  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toContain("unknown option '--colour'")
})

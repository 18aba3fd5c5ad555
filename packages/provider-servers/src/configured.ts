/** How a line begins that names a provider whose variables are not set; scripts/not-configured.ts knows it. */
const NOT_CONFIGURED = 'not configured: '

type Values<Name extends string> = Readonly<Record<Name, string>>

/**
 * For `*.providers.ts`: registers the suite of a provider if every variable that it needs is set (and not empty); if
 * not, says so in one line, which `test:providers` repeats at its end. Nothing is passed over in silence.
 */
export function whenConfigured<const Name extends string>(
  provider: string,
  needed: readonly Name[],
  register: (values: Values<Name>) => void,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): void {
  const missing = needed.filter((name) => !variables[name])
  if (missing.length === 0) register(variables as Values<Name>)
  else console.log(`${NOT_CONFIGURED}${provider} (set ${missing.join(', ')})`)
}

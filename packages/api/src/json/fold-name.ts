/**
 * The form in which field names are compared: Unicode simple case folding, as far as it can reach an
 * ASCII name. Phones and verification servers rely on the reference server's tolerance here.
 */
export function foldName(name: string): string {
  // U+017F is the only other character that folds to an ASCII letter and that toLowerCase leaves alone.
  return name.toLowerCase().replaceAll('\u017f', 's')
}

/** The whole of the page's looks: nothing is loaded from anywhere. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --text: light-dark(#1b2330, #dfe5ee); --faint: light-dark(#5b6778, #97a3b6);
  --ground: light-dark(#ffffff, #12161d); --raised: light-dark(#f4f6f9, #1a2029);
  --line: light-dark(#dde2ea, #2b3442); --accent: light-dark(#0b5cad, #7db8f5);
  --good: light-dark(#116b3a, #6fd39a); --odd: light-dark(#8a5200, #f0b65c); --bad: light-dark(#a51d2d, #ff8d94);
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; color: var(--text); background: var(--ground); font: 16px/1.6 system-ui, sans-serif; }
a { color: var(--accent); text-underline-offset: .15em; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
p code, li code, dd > code { background: var(--raised); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere; }
.page { display: grid; grid-template-columns: 16rem minmax(0, 1fr); max-width: 76rem; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; height: 100vh; overflow: auto; padding: 2rem 1.5rem; border-right: 1px solid var(--line); }
nav h2 { margin: 1.5rem 0 .25rem; font-size: .75rem; letter-spacing: .06em; text-transform: uppercase; color: var(--faint); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: .3rem 0; text-decoration: none; line-height: 1.35; }
nav li a:hover { text-decoration: underline; }
nav small { display: block; color: var(--faint); }
main { padding: 2rem 3rem 4rem; max-width: 58rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.25; }
.lead { margin: .25rem 0 1.5rem; font-size: 1.1rem; color: var(--faint); }
section { margin-top: 3rem; padding-top: 2rem; border-top: 1px solid var(--line); }
section h2 { margin: 0 0 .5rem; font-size: 1.45rem; line-height: 1.3; }
section h3 { margin: 2rem 0 .5rem; font-size: 1.05rem; }
b { font-size: .8rem; font-weight: 600; color: var(--odd); vertical-align: middle; }
ul { padding-left: 1.25rem; }
li + li { margin-top: .25rem; }
.route { display: inline-flex; gap: .75rem; align-items: baseline; margin: 0 0 .5rem; padding: .35rem .9rem; border-radius: 8px; background: var(--raised); border: 1px solid var(--line); }
.route span { font-size: .8rem; font-weight: 700; letter-spacing: .05em; color: var(--accent); }
.route code { background: none; font-size: 1rem; }
.fields { margin: .5rem 0; border-top: 1px solid var(--line); }
.fields > div { display: grid; grid-template-columns: minmax(11rem, 17rem) minmax(0, 1fr); gap: .25rem 1.5rem; padding: .55rem 0; border-bottom: 1px solid var(--line); }
.fields.headers { margin-bottom: 0; }
.fields.headers + .fields { margin-top: 0; border-top: 0; }
.fields .fields { margin: .6rem 0 0; padding-left: 1rem; border-top: 0; border-left: 2px solid var(--line); }
.fields .fields > div { grid-template-columns: minmax(9rem, 13rem) minmax(0, 1fr); padding: .35rem 0; border-bottom: 0; }
dt { overflow-wrap: anywhere; }
dt > code { font-weight: 600; }
dt small { display: block; color: var(--faint); font-size: .8rem; line-height: 1.4; }
dd { margin: 0; }
.reply { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr); gap: 1rem; padding: .8rem 0; border-top: 1px solid var(--line); }
.reply > div > p, .reply ul { margin: 0 0 .4rem; }
.status { align-self: start; text-align: center; border-radius: 6px; border: 1px solid currentcolor; font: 600 .9rem/1.6rem ui-monospace, monospace; }
.s2 { color: var(--good); } .s4 { color: var(--odd); } .s5 { color: var(--bad); }
.note { font-size: .875rem; color: var(--faint); }
details { margin: .4rem 0; }
summary { cursor: pointer; color: var(--accent); font-size: .9rem; width: fit-content; }
details p { margin: .9rem 0 .25rem; font-size: .9rem; color: var(--faint); }
pre { margin: 0; padding: .9rem 1rem; background: var(--raised); border: 1px solid var(--line); border-radius: 8px; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 56rem) {
  .page { display: block; }
  nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); padding: 1.25rem 1.25rem 1rem; }
  nav h2 { margin-top: .75rem; }
  main { padding: 1.5rem 1.25rem 3rem; }
  .fields > div, .fields .fields > div { grid-template-columns: minmax(0, 1fr); }
  .reply { grid-template-columns: minmax(0, 1fr); gap: .5rem; }
  .status { justify-self: start; padding: 0 .75rem; }
}
`

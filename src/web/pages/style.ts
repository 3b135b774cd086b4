/** The style sheet of the pages. */
export const STYLE = `:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e8eaed);
  --quiet: light-dark(#555d66, #a9b1ba);
  --page: light-dark(#f5f6f8, #14171a);
  --card: light-dark(#ffffff, #1d2126);
  --line: light-dark(#c9ced4, #3a4149);
  --accent: light-dark(#1a56b8, #8ab4f8);
  --on-accent: light-dark(#ffffff, #0f1a2b);
  --danger: light-dark(#b3261e, #f2b8b5);
  --good: light-dark(#1e6b34, #8fd6a3);
  font: 1rem/1.5 system-ui, sans-serif;
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere }
header, main { max-width: 44rem; margin: 0 auto; padding: 1rem }
.narrow { max-width: 25rem }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: center }
header .site { font-weight: 700; margin-right: auto }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0 }
a { color: var(--accent) }
nav a { display: inline-block; padding: .35rem 0 }
nav a[aria-current] { color: var(--text); text-decoration: none; font-weight: 600 }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 }
h2 { font-size: 1.05rem; margin: 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem }
.field { margin: 0 0 1rem }
label { display: block; font-weight: 600; margin-bottom: .25rem }
.hint, .error { display: block; font-size: .9rem; margin-bottom: .25rem }
.hint, dt, .quiet { color: var(--quiet) }
.error { color: var(--danger) }
input { width: 100%; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--quiet); border-radius: .5rem; padding: .6rem .7rem; min-height: 2.75rem }
input[aria-invalid] { border: 2px solid var(--danger) }
button { font: inherit; font-weight: 600; cursor: pointer; border-radius: .5rem; padding: .55rem 1rem; min-height: 2.75rem; border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent) }
button.plain { background: transparent; color: var(--accent) }
button.wide { width: 100% }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.notice, .summary { border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1rem; border: 2px solid var(--good) }
.summary { border-color: var(--danger) }
.summary ul { margin: .25rem 0 0; padding-left: 1.2rem }
.summary a { color: var(--danger) }
.sessions { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: .75rem }
.sessions li { display: grid; grid-template-columns: 1fr auto; gap: .5rem 1rem; align-items: start }
.badge { font-size: .85rem; font-weight: 600; color: var(--good) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .75rem; margin: .35rem 0 0; font-size: .92rem }
dd { margin: 0 }
.actions { display: flex; flex-wrap: wrap; gap: .75rem }
.code { text-transform: uppercase; letter-spacing: .1em }
.below { margin-top: 1rem }
@media (max-width: 30rem) { .sessions li { grid-template-columns: 1fr } .sessions button { width: 100% } }
@media (forced-colors: active) { button { border-color: ButtonText } }
`

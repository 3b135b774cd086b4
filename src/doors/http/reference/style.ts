import { raw } from 'hono/html'

/** The style of the reference: a sidebar on wide screens, a menu on narrow ones, light and dark. */
export const REFERENCE_STYLE = raw(`
:root {
  color-scheme: light dark;
  --text: light-dark(#1b1f24, #e3e6ea); --soft: light-dark(#57606a, #9aa4af);
  --line: light-dark(#d8dee4, #30363d); --page: light-dark(#fff, #0f1318);
  --panel: light-dark(#f6f8fa, #171c22); --link: light-dark(#0b57d0, #8ab4f8);
  --get: light-dark(#0a6b3d, #5fd39a); --post: light-dark(#0b57d0, #8ab4f8);
  --put: light-dark(#8a5300, #f2b457); --delete: light-dark(#b3261e, #f2938c);
  font: 16px/1.55 system-ui, sans-serif; scroll-padding-top: 1rem;
}
* { box-sizing: border-box }
body { margin: 0; color: var(--text); background: var(--page) }
a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline }
a:focus-visible, input:focus-visible { outline: 2px solid var(--link); outline-offset: 2px }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem }
main { min-width: 0; max-width: 60rem; padding: 1rem 1.25rem 6rem }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0 }
h2 { font-size: 1.35rem; margin: 3rem 0 .25rem; padding-top: .5rem }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere } h3 a { color: inherit }
h4 { font-size: .8rem; margin: 1.25rem 0 .35rem; color: var(--soft); text-transform: uppercase; letter-spacing: .04em }
p { margin: .4rem 0 } .soft { color: var(--soft) }
article { border-top: 1px solid var(--line); padding: 1.5rem 0 }
article:target > h3 { background: var(--panel); border-radius: .35rem }
.method { display: inline-block; min-width: 4.2em; font: 700 .8rem/1.4 ui-monospace, monospace }
.get { color: var(--get) } .post { color: var(--post) } .put { color: var(--put) } .delete { color: var(--delete) }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line) }
th { font-size: .8rem; color: var(--soft); font-weight: 600 }
td:first-child { white-space: nowrap } td.type { color: var(--soft); overflow-wrap: anywhere; min-width: 6rem }
pre { margin: .35rem 0; padding: .7rem .9rem; background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; overflow-x: auto }
pre.copy { user-select: all; cursor: copy; white-space: pre-wrap; overflow-wrap: anywhere }
nav { padding: 1rem 1.25rem; font-size: .875rem }
nav ul { list-style: none; margin: .2rem 0 1rem; padding: 0 } nav li { margin: .15rem 0; overflow-wrap: anywhere }
nav a { color: inherit } nav li a { display: flex; gap: .5rem; align-items: baseline }
nav .method { flex: 0 0 4em; font-size: .68rem }
nav strong a { font-weight: 700 }
#menu { position: absolute; opacity: 0 }
label[for=menu] { display: inline-block; margin: 1rem 1.25rem 0; padding: .45rem .9rem; border: 1px solid var(--line); border-radius: .4rem; cursor: pointer }
#menu:focus-visible + label { outline: 2px solid var(--link); outline-offset: 2px }
#menu:not(:checked) ~ nav { display: none }
@media (min-width: 60rem) {
  .layout { display: grid; grid-template-columns: 19rem minmax(0, 1fr) }
  #menu, label[for=menu] { display: none }
  .layout > nav, #menu:not(:checked) ~ nav { display: block; position: sticky; top: 0; height: 100vh; overflow-y: auto; border-right: 1px solid var(--line) }
  main { padding: 1.5rem 2.5rem 6rem }
}
@media (max-width: 40rem) {
  .fields, .fields tbody, .fields tr, .fields td { display: block }
  .fields thead { display: none } .fields td { border: 0; padding: 0 }
  .fields tr { border-bottom: 1px solid var(--line); padding: .5rem 0 }
}
@media print { nav, #menu, label[for=menu] { display: none } }
`)

export { createPages, type PagePeer, type Pages, type PagesOptions } from './pages.ts'
export { ENGLISH, type PageTexts } from './texts.ts'

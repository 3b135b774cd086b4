import type { Secret as AdonisSecret } from '@adonisjs/core/helpers'
import type { LucidModel } from '@adonisjs/lucid/types/model'
import type { BelongsTo as LucidBelongsTo } from '@adonisjs/lucid/types/relations'

/*
 * The model and the middleware of this application are those of castle's documentation, letter by letter but for one import. They
 * name two types that they do not import. A model of your own imports them.
 */
declare global {
  type Secret<T> = AdonisSecret<T>
  type BelongsTo<M extends LucidModel> = LucidBelongsTo<M>
}

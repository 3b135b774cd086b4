const mage = require('latchkey/mage')

const logger = mage.core.logger.context('players')

exports.acl = ['*']

// The API endpoint function
exports.execute = (state, username, password, callback) => {
  mage.players.login(state, username, password, (error, session) => {
    if (error) return state.error(error.code, error, callback)

    logger.debug('Logged in user:', session.actorId)
    callback()
  })
}

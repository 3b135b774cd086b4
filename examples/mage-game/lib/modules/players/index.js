const mage = require('latchkey/mage')

exports.register = (state, username, password, callback) => {
  mage.auth.register(state, username, password, { acl: ['user'] }, callback)
}

exports.login = (state, username, password, callback) => {
  mage.auth.login(state, username, password, callback)
}

// As a developer one may visit with any rights; in production a visitor is only ever “anonymous”.
exports.visit = (state, acl) => mage.auth.loginAnonymous(state, { acl })

exports.changePassword = (state, username, newPassword, callback) => {
  mage.auth.changePassword(state, username, newPassword, callback)
}

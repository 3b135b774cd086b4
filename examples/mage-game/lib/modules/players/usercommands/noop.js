exports.acl = ['*']

exports.execute = (_state, callback) => callback()

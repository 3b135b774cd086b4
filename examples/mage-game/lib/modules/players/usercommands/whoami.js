exports.acl = ['user', 'anonymous']

exports.execute = async (state) => ({ actorId: state.actorId, acl: state.acl })

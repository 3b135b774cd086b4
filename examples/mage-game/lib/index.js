const mage = require('latchkey/mage')

mage.useModules(['session', 'auth'])
mage.useApplicationModules()

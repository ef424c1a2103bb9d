// App servers are killed, restarted, added and removed, and Nginx is reloaded: no request fails.
import { apps } from '../../drill/faults/apps.mjs';
import { cache } from '../../drill/faults/cache.mjs';
import { testQuick } from './quick.mjs';

await testQuick([...apps, ...cache]);

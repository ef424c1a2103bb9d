// One app server loses its connection to PostgreSQL, or is frozen: the others serve, and no request is refused.
import { unhealthyApp } from '../../drill/faults/unhealthy_app.mjs';
import { testQuick } from './quick.mjs';

await testQuick(unhealthyApp);

import type { Route } from '../route.ts';
import { auditRoutes } from './audit.ts';
import { codecRoutes } from './codec.ts';
import { consentRoutes } from './consents.ts';
import { documentRoutes } from './document.ts';
import { enrolmentRoutes } from './enrolments.ts';
import { escalationRoutes } from './escalations.ts';
import { optOutRoutes } from './opt-outs.ts';
import { patientRoutes } from './patients.ts';
import { planExaminationRoutes } from './plan-examinations.ts';
import { planMigrationRoutes } from './plan-migrations.ts';
import { planRoutes } from './plans.ts';
import { questionnaireRoutes } from './questionnaires.ts';
import { rehearseRoutes } from './rehearse.ts';
import { responseRoutes } from './responses.ts';
import { serviceRoutes } from './service.ts';
import { sessionRoutes } from './session.ts';
import { taskRoutes } from './tasks.ts';

/** Every route of the API: the router and the documentation are both made from this list. */
export const allRoutes: readonly Route[] = [
  ...sessionRoutes, ...planRoutes, ...planMigrationRoutes, ...planExaminationRoutes, ...rehearseRoutes, ...questionnaireRoutes, ...patientRoutes, ...consentRoutes, ...optOutRoutes, ...enrolmentRoutes, ...responseRoutes, ...taskRoutes, ...escalationRoutes, ...auditRoutes, ...codecRoutes, ...documentRoutes, ...serviceRoutes,
];

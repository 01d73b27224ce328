package dev.cofferdam.router.routing;

import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.List;

/** What the router makes of an envelope. */
public sealed interface Route {
  /**
   * A pool and its workers, best first.
   *
   * @param pool the pool
   * @param tenant the tenant's profile, whose tier, weight and bounds the scheduler is told
   * @param adapterVersion content digest of the adapter, empty for the base model
   * @param candidates not empty
   * @param leftOut some of the pool's workers that could not be taken at this moment
   */
  record Ranked(
      String pool,
      TenantProfile tenant,
      String adapterVersion,
      List<Candidate> candidates,
      List<LeftOut> leftOut)
      implements Route {}

  /**
   * The tenant may be served, but no worker of an eligible pool is live at this moment.
   *
   * @param refusal the answer where none appears in time
   */
  record NoWorker(Refusal refusal) implements Route {}

  /**
   * Never, whatever workers appear.
   *
   * @param refusal why
   */
  record Refused(Refusal refusal) implements Route {}
}

package dev.cofferdam.gateway.console;

import dev.cofferdam.proto.audit.v1.GetInclusionProofResponse;
import dev.cofferdam.proto.audit.v1.LoggedRecord;
import dev.cofferdam.proto.metering.v1.GetCostsResponse;
import dev.cofferdam.proto.metering.v1.Period;
import dev.cofferdam.proto.metering.v1.Rollup;
import dev.cofferdam.proto.metering.v1.UsageRow;
import dev.cofferdam.proto.routing.v1.DescribeFleetResponse;
import dev.cofferdam.proto.routing.v1.ExplainResponse;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.SpiffeId;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * What other services know, asked in a reader's name: each decides for itself what that reader may
 * see, as if it had asked without the console. All of them block, and throw {@link
 * RefusedException}: DEPENDENCY_UNAVAILABLE where a service is away, NOT_OFFERED where this gateway
 * knows no address of it.
 */
public interface Sources {
  /** The fleet as each router that answers sees it; operators only. */
  List<DescribeFleetResponse> fleet(SpiffeId reader);

  /** Why a request is where it is; empty where no router knows it any more. */
  Optional<ExplainResponse> explanation(SpiffeId reader, RequestId request);

  /** Sums of what was used, by period; of the reader's own tenant, or of all for an operator. */
  List<Rollup> rollups(SpiffeId reader, Period period, long fromMs, long toMs);

  /**
   * What tenants are charged and cost.
   *
   * @param tenant whose; empty: the reader's own, or all for an operator
   * @param from first day, UTC
   * @param to the day after the last
   */
  GetCostsResponse costs(SpiffeId reader, String tenant, LocalDate from, LocalDate to);

  /** The rows of a request's attempts. */
  List<UsageRow> usage(SpiffeId reader, RequestId request);

  /** A request's records in the audit log. */
  List<LoggedRecord> records(SpiffeId reader, RequestId request);

  /** The proof that a record is in the log; empty while no signed checkpoint holds it. */
  Optional<GetInclusionProofResponse> proof(SpiffeId reader, long index);
}

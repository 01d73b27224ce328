package dev.cofferdam.router.placement.grpc;

import dev.cofferdam.proto.routing.v1.DescribeFleetResponse;
import dev.cofferdam.proto.routing.v1.FleetPool;
import dev.cofferdam.proto.routing.v1.FleetWorker;
import dev.cofferdam.proto.routing.v1.Load;
import dev.cofferdam.proto.routing.v1.ModelLoad;
import dev.cofferdam.proto.routing.v1.WorkerIdentity;
import dev.cofferdam.router.fleet.Worker;
import dev.cofferdam.router.fleet.WorkerLoad;
import dev.cofferdam.router.signals.PoolSignals.Signals;
import java.util.List;
import java.util.Map;

/** The fleet as a message. */
final class FleetMessages {
  private FleetMessages() {}

  static DescribeFleetResponse of(List<Worker> workers, Map<String, Signals> pools) {
    DescribeFleetResponse.Builder fleet = DescribeFleetResponse.newBuilder();
    workers.forEach(worker -> fleet.addWorkers(message(worker)));
    pools.forEach(
        (pool, told) ->
            fleet.addPools(
                FleetPool.newBuilder()
                    .setPool(pool)
                    .setWaiting(told.waiting())
                    .setWaitingTokens(told.waitingTokens())
                    .setTtftP90Ms(told.ttftP90Ms())));
    return fleet.build();
  }

  private static FleetWorker message(Worker worker) {
    return FleetWorker.newBuilder()
        .setIdentity(
            WorkerIdentity.newBuilder()
                .setWorkerId(worker.id())
                .setIncarnation(worker.incarnation())
                .setPool(worker.pool())
                .setEndpoint(worker.endpoint())
                .addAllModels(worker.models().stream().sorted().toList())
                .setBlockTokens(worker.blockTokens())
                .setZone(worker.zone())
                .setTenant(worker.tenant()))
        .setLoad(load(worker.load()))
        .build();
  }

  private static Load load(WorkerLoad load) {
    Load.Builder message =
        Load.newBuilder()
            .setRunning(load.running())
            .setSlots(load.slots())
            .setKvBlocksFree(load.kvBlocksFree())
            .setKvBlocks(load.kvBlocks())
            .addAllAdaptersResident(load.adaptersResident().stream().sorted().toList())
            .setDraining(load.draining());
    load.models()
        .forEach(
            (model, one) ->
                message.addModels(
                    ModelLoad.newBuilder()
                        .setModel(model)
                        .setInMemory(one.inMemory())
                        .setKvBlocksFree(one.kvBlocksFree())
                        .setKvBlocks(one.kvBlocks())));
    return message.build();
  }
}

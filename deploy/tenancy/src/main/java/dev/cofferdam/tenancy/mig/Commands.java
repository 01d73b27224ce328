package dev.cofferdam.tenancy.mig;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What makes a plan so: {@code nvidia-smi} commands, or a configuration of the GPU operator's MIG
 * manager. Neither touches a GPU without instances.
 */
public final class Commands {
  private static final int ID_3G = 9;

  private Commands() {}

  /**
   * The commands in order: MIG mode on, then for each GPU its instances at their starts, each with
   * one compute instance of its whole compute ({@code -C}). 3g profiles come first, larger ones
   * before smaller ones: the User Guide ("Instance Geometry") names an order of the driver's.
   */
  public static List<String> nvidiaSmi(Plan plan) {
    List<String> commands = new ArrayList<>();
    for (Gpu gpu : plan.used()) {
      commands.add("nvidia-smi -i " + gpu.index() + " -mig 1");
    }
    for (Gpu gpu : plan.used()) {
      String instances =
          plan.on(gpu).stream()
              .sorted(
                  Comparator.<Plan.Instance, Boolean>comparing(i -> i.profile().id() != ID_3G)
                      .thenComparing(i -> -i.profile().memorySlices())
                      .thenComparing(Plan.Instance::start))
              .map(i -> i.profile().id() + ":" + i.start())
              .collect(Collectors.joining(","));
      commands.add("nvidia-smi mig -i " + gpu.index() + " -cgi " + instances + " -C");
    }
    return commands;
  }

  /**
   * The configuration file of NVIDIA/mig-parted, version v1, with one named configuration. It has
   * no starts: the tool looks for some itself, and finds them, as there are some.
   *
   * @param name of the configuration: {@code [a-z0-9.-]{1,63}}
   * @throws IllegalArgumentException for a name that is no value of a Kubernetes label
   */
  public static String migParted(Plan plan, String name) {
    if (!name.matches("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")) {
      throw new IllegalArgumentException(
          "name: " + name + " (expected: lower-case letters, digits, dots and dashes)");
    }
    StringBuilder text = new StringBuilder("version: v1\nmig-configs:\n  " + name + ":");
    if (plan.used().isEmpty()) {
      text.append(" []");
    }
    text.append('\n');
    for (Gpu gpu : plan.used()) {
      Map<String, Integer> counts = new TreeMap<>();
      plan.on(gpu).forEach(i -> counts.merge(i.profile().name(), 1, Integer::sum));
      text.append("    - devices: [").append(gpu.index()).append("]\n");
      text.append("      mig-enabled: true\n      mig-devices:\n");
      counts.forEach(
          (profile, count) ->
              text.append("        \"").append(profile).append("\": ").append(count).append('\n'));
    }
    return text.toString();
  }
}

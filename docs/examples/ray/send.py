"""Ray: results of one task go to the next, also on a worker that has just been started."""

import geometry
import ray

import modulepickle

ray.init(
    num_cpus=2,
    include_dashboard=False,
    log_to_driver=False,
    runtime_env={"worker_process_setup_hook": modulepickle.preload(geometry)},
)
modulepickle.extend_ray()
move, label = ray.remote(geometry.move), ray.remote(geometry.label)
points = [move.remote(geometry.Point(x)) for x in range(3)]
print(ray.get([label.remote(point) for point in points]))

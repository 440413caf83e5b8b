"""joblib: functions and objects of a package that the workers do not have."""

from geometry import Point, label, move
from joblib import Parallel, delayed
from joblib.externals.loky import set_loky_pickler

set_loky_pickler("modulepickle")
parallel = Parallel(n_jobs=2)
points = parallel(delayed(move)(Point(x)) for x in range(3))
print(parallel(delayed(label)(point) for point in points))

module dunlin/faultlab

go 1.26.0

replace dunlin => ../

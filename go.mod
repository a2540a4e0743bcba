module dunlin

go 1.26.0
